variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "repository" {
  description = "On GitHub, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.repository))
    error_message = "repository is owner/name."
  }
}

variable "identities" {
  description = "What pipelines act as: the GitHub environment that may, and its roles on the project."
  type        = map(object({ environment = string, roles = set(string) }))
}
