"""What is known about members and products: tables, features and the store they are read from."""
