variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Of the jobs."
  type        = string
}

variable "steps" {
  description = "Each function that is called, when (cron, Indian time), where, within how long, how often again."
  type = map(object({
    cron             = string
    url              = string
    deadline_seconds = optional(number, 180)
    retries          = optional(number, 4)
  }))

  validation {
    condition     = alltrue([for one in values(var.steps) : can(regex("^[0-9*/,-]+ [0-9*/,-]+ \\* \\* [0-9*,-]+$", one.cron))])
    error_message = "Each cron has five fields, such as 30 8 * * 1-5."
  }
}
