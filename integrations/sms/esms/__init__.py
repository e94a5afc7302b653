"""eSMS.vn (ViHAT): customer care messages by brandname."""
