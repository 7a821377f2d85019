variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "location" {
  description = "Of the database; it can never be changed, and triggers must be in it too."
  type        = string
}

variable "database" {
  description = "Name of the database."
  type        = string
  default     = "(default)"
}

variable "keep" {
  description = "Whether the database is protected, backed up each day, and left when Tron goes."
  type        = bool
  default     = true
}

variable "indexes" {
  description = "Composite indexes: the collection, and its fields in order."
  type = list(object({
    collection = string
    fields     = list(object({ path = string, order = string }))
  }))
  default = []

  validation {
    condition     = alltrue(flatten([for one in var.indexes : [for field in one.fields : contains(["ASCENDING", "DESCENDING"], field.order)]]))
    error_message = "The order of an index's field is ASCENDING or DESCENDING."
  }
}

variable "expiring" {
  description = "Collections whose documents go by themselves, and the field that says when."
  type        = list(object({ collection = string, field = string }))
  default     = []
}
