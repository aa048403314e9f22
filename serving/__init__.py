"""What is answered: recommendations and audiences, over HTTP and on the command line."""
