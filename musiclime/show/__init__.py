"""What a reader sees and hears: figures, the page of a chapter, the player."""
