"""Put s2d products together, write and read them."""
