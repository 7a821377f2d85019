variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "name" {
  description = "Of the function, with underscores as in functions/."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(_[a-z]+)*$", var.name)) && length(var.name) <= 24
    error_message = "A function's name is of a-z and single underscores, 24 at most."
  }
}

variable "service_account" {
  description = "E-mail of the service account that it runs as: its own, shared with nothing."
  type        = string
}

variable "environment" {
  description = "Variables of its environment; no secrets."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Variables whose values are secrets: variable to the secret's name."
  type        = map(string)
  default     = {}
}

variable "invokers" {
  description = "Who may call it: any name to an IAM member; allUsers where it checks its callers itself."
  type        = map(string)
  default     = {}
}

variable "memory" {
  description = "Such as 512Mi."
  type        = string
  default     = "512Mi"
}

variable "timeout_seconds" {
  description = "For one call."
  type        = number
  default     = 120

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 540
    error_message = "timeout_seconds is from 1 to 540."
  }
}

variable "image" {
  description = "Tron's image, by digest."
  type        = string
}

variable "network" {
  description = "Id of the network behind the registered address."
  type        = string
}

variable "subnetwork" {
  description = "Id of its subnetwork."
  type        = string
}
