variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "secrets" {
  description = "Each secret's readers and writers: any name to an IAM member."
  type = map(object({
    readers = optional(map(string), {})
    writers = optional(map(string), {})
  }))

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", name))])
    error_message = "A secret's name is of a-z, 0-9 and single hyphens."
  }
}
