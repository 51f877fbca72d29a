"""Stock: the book of lots, shows and how they sell, replenishments."""
