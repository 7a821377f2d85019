variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "project_number" {
  description = "Its number."
  type        = string
}

variable "environment" {
  description = "Label of each log record."
  type        = string
}

variable "email" {
  description = "Of the person."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+[.][^@ ]+$", var.email))
    error_message = "email is an address such as person@example.com."
  }
}

variable "budget" {
  description = "Rupees a month and the billing account that pays; null for none. It warns, it never stops anything."
  type        = object({ billing_account = string, rupees = number })
  default     = null

  validation {
    condition     = var.budget == null || try(var.budget.rupees > 0, false)
    error_message = "budget.rupees is more than 0."
  }
}
