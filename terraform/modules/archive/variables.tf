variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "name" {
  description = "Of the bucket; unique in the world."
  type        = string
}

variable "location" {
  description = "Where the bucket is."
  type        = string
}

variable "lifecycle_rules" {
  description = "As Cloud Storage's JSON has them; common/data/retention.json is the source."
  type = list(object({
    action    = object({ type = string, storageClass = optional(string) })
    condition = object({ age = number, matchesStorageClass = optional(list(string)) })
  }))
  default = []
}

variable "readers" {
  description = "Who may read objects: any name to an IAM member."
  type        = map(string)
  default     = {}
}

variable "writers" {
  description = "Who may read and write objects: any name to an IAM member."
  type        = map(string)
  default     = {}
}
