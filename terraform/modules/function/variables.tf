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

variable "description" {
  description = "For people, in the console."
  type        = string
  default     = ""
}

variable "package" {
  description = "Where the zip of `make package` lies; its name has the hash of its content."
  type        = object({ bucket = string, object = string })
}

variable "builder" {
  description = "Id of the service account that builds it, projects/P/serviceAccounts/E."
  type        = string
}

variable "max_instances" {
  description = "So that nobody's mistake becomes a bill."
  type        = number
  default     = 3
}

variable "trigger" {
  description = "A Firestore event, for a function that is not called by HTTP. region: the database's."
  type = object({
    type            = string
    region          = string
    database        = string
    document        = string
    service_account = string
  })
  default = null

  validation {
    condition     = var.trigger == null || can(regex("^google\\.cloud\\.firestore\\.document\\.v1\\.(created|written|updated|deleted)$", var.trigger.type))
    error_message = "trigger.type is an event of Firestore, such as google.cloud.firestore.document.v1.written."
  }
}
