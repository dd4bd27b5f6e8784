"""What OpenAI's own client makes of a server's answers. Needs the extra ``client``."""
