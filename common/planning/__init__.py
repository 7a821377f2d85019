"""Planning: the person's mandate, the morning's evidence, and the plan that must fit inside both."""
