variable "project" {
  description = "Google Cloud project, one for each environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project is an id such as tron-development: 6 to 30 of a-z, 0-9 and hyphens."
  }
}

variable "environment" {
  description = "development, staging or production."
  type        = string

  validation {
    condition     = contains(["development", "staging", "production"], var.environment)
    error_message = "environment is development, staging or production."
  }
}

variable "region" {
  description = "Where everything runs; Mumbai is next to the exchange."
  type        = string
  default     = "asia-south1"
}

variable "firestore_location" {
  description = "Of the database; it can never be changed."
  type        = string
  default     = "asia-south1"
}

variable "trigger_region" {
  description = "Of the events of Firestore: null for the database's location, and never another."
  type        = string
  default     = null

  validation {
    condition     = var.trigger_region == null || var.trigger_region == var.firestore_location
    error_message = "trigger_region must be firestore_location: Firestore sends its events in the location of the database alone."
  }
}

variable "email" {
  description = "Of the person, for alerts."
  type        = string
}

variable "budget" {
  description = "Rupees a month and the billing account that pays; null for no budget."
  type        = object({ billing_account = string, rupees = number })
  default     = null
}

variable "trading" {
  description = "paper: simulated money, on the market as Kite shows it. live: the person's."
  type        = string
  default     = "paper"

  validation {
    condition     = contains(["paper", "live"], var.trading)
    error_message = "trading is paper or live."
  }

  validation {
    condition     = var.trading != "live" || var.environment == "production"
    error_message = "trading = live is for production alone."
  }
}

variable "mandate" {
  description = "The person's limits, the text of a mandate in TOML; null for the one that is shipped, which trades on paper."
  type        = string
  default     = null

  validation {
    condition     = try(length(var.mandate) < 24000, true)
    error_message = "The mandate is longer than an environment may be: leave its comments out."
  }

  validation {
    condition     = var.trading != "live" || var.mandate != null
    error_message = "trading = live needs a mandate of your own: mandate = file(\"mandate.toml\")."
  }
}

variable "kite_user" {
  description = "The account at Zerodha, such as AB1234, whose login shows the market; empty: there is none yet, and nothing is traded."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Z]{2}[0-9]{4})?$", var.kite_user))
    error_message = "kite_user is two capitals and four digits, such as AB1234."
  }

  validation {
    condition     = var.trading != "live" || var.kite_user != ""
    error_message = "trading = live needs kite_user: nobody else's login is taken."
  }
}

variable "registered_address" {
  description = "The address that is registered with the broker: what the output `address` says after the first apply."
  type        = string
  default     = ""

  validation {
    condition     = var.registered_address == "" || can(cidrnetmask("${var.registered_address}/32"))
    error_message = "registered_address is an IPv4 address."
  }

  validation {
    condition     = var.trading != "live" || var.registered_address != ""
    error_message = "trading = live needs registered_address: apply for paper, register the output `address` with the broker, then name it here."
  }
}

variable "runner" {
  description = "Where each asset class trades: cloud_run or gke."
  type        = object({ stock = string, options = string, futures = string })
  default     = { stock = "cloud_run", options = "cloud_run", futures = "cloud_run" }

  validation {
    condition     = alltrue([for one in values(var.runner) : contains(["cloud_run", "gke"], one)])
    error_message = "Each of runner is cloud_run or gke."
  }

  validation {
    condition     = !contains(values(var.runner), "gke") || var.cluster
    error_message = "An asset class trades on gke: set cluster = true."
  }
}

variable "cluster" {
  description = "Whether there is a GKE Autopilot cluster."
  type        = bool
  default     = false
}

variable "package" {
  description = "The zip that `make package` made."
  type        = string

  validation {
    condition     = fileexists(var.package)
    error_message = "There is no such package: run make package first."
  }
}

variable "images" {
  description = "By digest: the targets tron, dashboard and proxy of the Dockerfile."
  type        = object({ tron = string, dashboard = string, proxy = string })

  validation {
    condition     = alltrue([for one in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", one))])
    error_message = "Each of images is named by its digest: NAME@sha256:..."
  }
}

variable "schedule" {
  description = "When each step is called on an ordinary day, HH:MM in India."
  type        = map(string)
  default = {
    sync_schedule = "06:00"
    remind_login  = "08:00"
    prepare_day   = "08:30"
    plan_day      = "08:45"
    square_off    = "15:02"
    close_day     = "15:55"
  }

  validation {
    condition     = alltrue([for one in values(var.schedule) : can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", one))])
    error_message = "Each time of schedule is HH:MM."
  }

  validation {
    condition = (
      keys(var.schedule) == tolist(["close_day", "plan_day", "prepare_day", "remind_login", "square_off", "sync_schedule"]) &&
      alltrue([
        for pair in [["sync_schedule", "remind_login"], ["remind_login", "prepare_day"], ["prepare_day", "plan_day"]] :
        try(tonumber(replace(var.schedule[pair[0]], ":", "")) < tonumber(replace(var.schedule[pair[1]], ":", "")), false)
      ]) && try(tonumber(replace(var.schedule.plan_day, ":", "")) < 915, false)
    )
    error_message = "schedule has sync_schedule, remind_login, prepare_day and plan_day in this order, and all before the open at 09:15; then square_off and close_day."
  }

  validation {
    condition = try(
      tonumber(replace(var.schedule.square_off, ":", "")) >= 1500 && tonumber(replace(var.schedule.square_off, ":", "")) <= 1510 &&
      tonumber(replace(var.schedule.close_day, ":", "")) > 1540, false,
    )
    error_message = "square_off is from 15:00 to 15:10, before the broker closes positions itself; close_day is after 15:40, when derivatives have closed."
  }
}

variable "headline_feeds" {
  description = "Addresses of RSS or Atom feeds for the evidence."
  type        = list(string)
  default     = []
}

variable "model" {
  description = "The planner's language model: its name, what a million tokens in and out cost in paise, where it answers, rupees a month at most. null: the rules plan."
  type = object({
    name                     = string
    input_paise_per_million  = number
    output_paise_per_million = number
    base_url                 = optional(string, "https://api.openai.com/v1")
    rupees_a_month           = optional(number, 500)
  })
  default = null
}

variable "readers" {
  description = "Who may open the dashboard before its own sign-in: any name to an IAM member."
  type        = map(string)
  default     = { everybody = "allUsers" }
}

variable "secrets" {
  description = "Names of the secrets that there are; leave one out only with what reads it."
  type        = set(string)
  default     = ["kite-api-key", "kite-api-secret", "kite-access-token", "openai-api-key", "api-keys", "notify-urls", "dashboard-api-key", "dashboard-sign-in"]

  validation {
    condition = length(setsubtract(
      ["kite-api-key", "kite-api-secret", "kite-access-token", "openai-api-key", "api-keys", "notify-urls", "dashboard-api-key", "dashboard-sign-in"],
      var.secrets,
    )) == 0
    error_message = "A secret is missing: kite-api-key, kite-api-secret, kite-access-token, openai-api-key, api-keys, notify-urls, dashboard-api-key and dashboard-sign-in are all read by something."
  }
}
