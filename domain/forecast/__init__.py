"""What will be sold: daily demand and shows, as quantiles. Pure: figures in and out."""
