"""SpeedSMS (speedsms.vn): customer care messages by brandname."""
