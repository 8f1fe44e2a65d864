"""The only package that speaks LDAP and SMB to a directory."""
