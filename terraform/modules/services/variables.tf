variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "services" {
  description = "Names of Google services, such as run.googleapis.com."
  type        = set(string)
}
