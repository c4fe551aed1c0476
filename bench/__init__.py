"""What is measured, against whom; run by ``make bench``, results in ``bench/results``."""
