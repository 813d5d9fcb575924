"""People who want to hear of new episodes, and the job that tells them."""
