"""What WeCom and WeChat have in common."""
