"""`hallmark up`: all services in the foreground."""
