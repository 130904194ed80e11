"""What a verb takes and gives: a window of somebody's music, the recipe of a clip, and the clip."""
