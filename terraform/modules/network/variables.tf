variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where the network and its address are."
  type        = string
}

variable "name" {
  description = "Of the network and what belongs to it."
  type        = string
  default     = "tron"
}

variable "ranges" {
  description = "Private ranges of nodes, pods and services."
  type = object({
    nodes    = string
    pods     = string
    services = string
  })
  default = {
    nodes    = "10.10.0.0/24"
    pods     = "10.20.0.0/18"
    services = "10.30.0.0/22"
  }

  validation {
    condition     = alltrue([for range in values(var.ranges) : can(cidrhost(range, 0))])
    error_message = "Each of ranges is a range such as 10.10.0.0/24."
  }
}
