"""What a store's associates have to do: who is here, due, new, and has something unused."""
