variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where images are kept."
  type        = string
}

variable "name" {
  description = "Of the repository."
  type        = string
  default     = "tron"
}

variable "readers" {
  description = "Who may pull besides the project's own services: any name to an IAM member."
  type        = map(string)
  default     = {}
}
