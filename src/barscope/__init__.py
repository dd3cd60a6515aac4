"""barscope: a notebook-native environment for market analysis."""
