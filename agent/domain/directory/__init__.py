"""What an Active Directory is made of, decoded: values only, judged elsewhere."""
