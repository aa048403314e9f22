"""The console: pages for marketers, associates, analysts and administrators, under /console."""
