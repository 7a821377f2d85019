variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
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

variable "environment" {
  description = "Variables of its environment; no secrets."
  type        = map(string)
  default     = {}
}

variable "launchers" {
  description = "Who starts, watches and ends executions: any name to an IAM member."
  type        = map(string)
  default     = {}
}

variable "cpu" {
  description = "Of one execution."
  type        = string
  default     = "1"
}

variable "memory" {
  description = "Of one execution."
  type        = string
  default     = "1Gi"
}
