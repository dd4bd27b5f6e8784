"""The clauses of a contract as test cases: pytest items and the cases of JUnit."""
