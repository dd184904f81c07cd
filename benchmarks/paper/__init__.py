"""The experiments of the paper (Li et al., ICSE 2024), redone with skrunner."""
