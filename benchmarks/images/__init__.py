"""The paper's experiments on CelebA (Tables 4, 5 and 7), redone with skrunner."""
