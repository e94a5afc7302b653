"""E-mail: a mailbox that is read by IMAP, answers by SMTP. Its mails are read here and placed by bot/mail.py."""
