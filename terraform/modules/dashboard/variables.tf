variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where it runs."
  type        = string
}

variable "images" {
  description = "By digest: the targets tron, dashboard and proxy of the Dockerfile."
  type        = object({ tron = string, dashboard = string, proxy = string })
}

variable "environment" {
  description = "Variables of the API's environment; no secrets."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Names of secrets: the key that the page shows the API, Streamlit's secrets.toml with the sign-in."
  type        = object({ api_key = string, sign_in = string })
}

variable "readers" {
  description = "Who may open it: any name to an IAM member; allUsers leaves it to the sign-in of the page."
  type        = map(string)
  default     = {}
}
