"""The chats that Plaza is measured against."""
