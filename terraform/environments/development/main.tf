terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }

  # terraform init -backend-config="bucket=NAME-OF-YOUR-STATE-BUCKET"
  backend "gcs" {
    prefix = "tron/development"
  }
}

provider "google" {
  project = var.project
  region  = "asia-south1"
}

module "tron" {
  source = "../../modules/tron"

  environment        = "development"
  project            = var.project
  email              = var.email
  budget             = var.budget
  trading            = var.trading
  mandate            = var.mandate == null ? null : file(var.mandate)
  kite_user          = var.kite_user
  registered_address = var.registered_address
  runner             = var.runner
  cluster            = var.cluster
  package            = "${path.module}/../../../dist/functions.zip"
  images             = var.images
  headline_feeds     = var.headline_feeds
  model              = var.model
}

module "federation" {
  source     = "../../modules/federation"
  count      = var.repository == null ? 0 : 1
  project    = var.project
  repository = var.repository
  identities = merge(
    {
      "development"      = { environment = "development", roles = ["roles/editor", "roles/resourcemanager.projectIamAdmin", "roles/container.admin", "roles/secretmanager.admin", "roles/run.admin"] }
      "development-plan" = { environment = "development-plan", roles = ["roles/viewer", "roles/iam.securityReviewer"] }
    },
    { build = { environment = "build", roles = ["roles/artifactregistry.writer"] } },
  )
}
