# The job that trades: one execution per asset class and day, started with its date and asset class as arguments.
resource "google_service_account" "this" {
  project      = var.project
  account_id   = "tron-trade"
  display_name = "Tron workloads"
}

resource "google_cloud_run_v2_job" "this" {
  project             = var.project
  location            = var.region
  name                = "trade"
  deletion_protection = false

  template {
    task_count  = 1
    parallelism = 1

    template {
      service_account = google_service_account.this.email
      timeout         = "36000s"
      max_retries     = 3 # starting again is recovery: the lease and the intents decide, not the number of starts

      vpc_access {
        egress = "ALL_TRAFFIC"
        network_interfaces {
          network    = var.network
          subnetwork = var.subnetwork
        }
      }

      containers {
        name  = "trade"
        image = var.image
        args  = ["-m", "jobs.trade"]

        resources {
          limits = { cpu = var.cpu, memory = var.memory }
        }

        dynamic "env" {
          for_each = var.environment
          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

resource "google_cloud_run_v2_job_iam_member" "launcher" {
  for_each = var.launchers
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_job.this.name
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = each.value
}

resource "google_cloud_run_v2_job_iam_member" "viewer" {
  for_each = var.launchers
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_job.this.name
  role     = "roles/run.viewer"
  member   = each.value
}
