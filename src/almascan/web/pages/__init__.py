"""The pages by subject: each module holds the handlers of a few addresses, and ``application`` says which."""
