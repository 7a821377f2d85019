variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "project_number" {
  description = "Its number."
  type        = string
}

variable "region" {
  description = "Of the cluster."
  type        = string
}

variable "name" {
  description = "Of the cluster."
  type        = string
  default     = "tron"
}

variable "namespace" {
  description = "That the overlay of gke/ makes."
  type        = string
}

variable "network" {
  description = "Id of the network."
  type        = string
}

variable "subnetwork" {
  description = "Id of the subnetwork, with the ranges pods and services."
  type        = string
}

variable "control_plane_range" {
  description = "Of the control plane; gke/base/network_policies.yaml has the same."
  type        = string
  default     = "172.16.0.32/28"
}

variable "release_channel" {
  description = "How early the cluster gets new versions."
  type        = string
  default     = "REGULAR"

  validation {
    condition     = contains(["STABLE", "REGULAR", "RAPID"], var.release_channel)
    error_message = "release_channel is STABLE, REGULAR or RAPID."
  }
}

variable "minimum_version" {
  description = "Of Kubernetes."
  type        = string
  default     = "1.34"

  validation {
    condition     = tonumber(split(".", var.minimum_version)[0]) == 1 && tonumber(split(".", var.minimum_version)[1]) >= 28
    error_message = "Jobs need Kubernetes 1.28 or later (podReplacementPolicy); the sync of secrets 1.34."
  }
}

variable "keep" {
  description = "Whether the cluster is protected from deletion."
  type        = bool
  default     = true
}
