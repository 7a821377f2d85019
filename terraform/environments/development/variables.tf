variable "project" {
  description = "Google Cloud project of this environment."
  type        = string
}

variable "email" {
  description = "Of the person, for alerts."
  type        = string
}

variable "images" {
  description = "By digest: the targets tron, dashboard and proxy of the Dockerfile."
  type        = object({ tron = string, dashboard = string, proxy = string })
}

variable "budget" {
  description = "Rupees a month and the billing account that pays; null for no budget."
  type        = object({ billing_account = string, rupees = number })
  default     = null
}

variable "trading" {
  description = "paper, or in production live."
  type        = string
  default     = "paper"
}

variable "mandate" {
  description = "Path of the person's mandate, from this folder; null for the one that is shipped."
  type        = string
  default     = null
}

variable "kite_user" {
  description = "The account at Zerodha, whose login shows the market, on paper too; empty: nothing is traded yet."
  type        = string
  default     = ""
}

variable "registered_address" {
  description = "What the output `address` said, once it is registered with the broker."
  type        = string
  default     = ""
}

variable "runner" {
  description = "Where each asset class trades: cloud_run or gke."
  type        = object({ stock = string, options = string, futures = string })
  default     = { stock = "cloud_run", options = "cloud_run", futures = "cloud_run" }
}

variable "cluster" {
  description = "Whether there is a GKE Autopilot cluster."
  type        = bool
  default     = false
}

variable "headline_feeds" {
  description = "Addresses of RSS or Atom feeds for the evidence."
  type        = list(string)
  default     = []
}

variable "model" {
  description = "The planner's language model; null: the rules plan."
  type = object({
    name                     = string
    input_paise_per_million  = number
    output_paise_per_million = number
    base_url                 = optional(string, "https://api.openai.com/v1")
    rupees_a_month           = optional(number, 500)
  })
  default = null
}

variable "repository" {
  description = "owner/name on GitHub, whose pipelines deploy this environment; null for none."
  type        = string
  default     = null
}
