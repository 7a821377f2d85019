# One origin: nginx answers, and passes to the dashboard and to the API beside it in the same instance.
resource "google_service_account" "this" {
  project      = var.project
  account_id   = "tron-dashboard"
  display_name = "Tron dashboard and API"
}

resource "google_cloud_run_v2_service" "this" {
  project             = var.project
  location            = var.region
  name                = "dashboard"
  ingress             = "INGRESS_TRAFFIC_ALL"
  deletion_protection = false

  template {
    service_account                  = google_service_account.this.email
    session_affinity                 = true
    timeout                          = "3600s" # a page holds its WebSocket
    max_instance_request_concurrency = 80

    scaling {
      min_instance_count = 0
      max_instance_count = 1 # a session of Streamlit lives in the process that began it
    }

    containers {
      name       = "nginx"
      image      = var.images.proxy
      depends_on = ["api", "dashboard"]

      ports {
        container_port = 8080
      }
      resources {
        limits = { cpu = "1", memory = "128Mi" }
      }
      startup_probe {
        http_get {
          path = "/healthz"
          port = 8080
        }
      }
    }

    containers {
      name  = "api"
      image = var.images.tron
      args  = ["-m", "jobs.api", "--port", "8081"]

      resources {
        limits = { cpu = "1", memory = "512Mi" }
      }
      startup_probe {
        http_get {
          path = "/health/live"
          port = 8081
        }
      }
      dynamic "env" {
        for_each = var.environment
        content {
          name  = env.key
          value = env.value
        }
      }
    }

    containers {
      name  = "dashboard"
      image = var.images.dashboard

      resources {
        limits = { cpu = "1", memory = "512Mi" }
      }
      startup_probe {
        http_get {
          path = "/_stcore/health"
          port = 8501
        }
      }
      env {
        name  = "TRON_API_URL"
        value = "http://localhost:8081"
      }
      env {
        name = "TRON_API_KEY"
        value_source {
          secret_key_ref {
            secret  = var.secrets.api_key
            version = "latest"
          }
        }
      }
      volume_mounts {
        name       = "sign-in"
        mount_path = "/etc/tron/sign-in"
      }
    }

    volumes {
      name = "sign-in"
      secret {
        secret = var.secrets.sign_in
        items {
          version = "latest"
          path    = "secrets.toml"
        }
      }
    }
  }
}

resource "google_cloud_run_v2_service_iam_member" "reader" {
  for_each = var.readers
  project  = var.project
  location = var.region
  name     = google_cloud_run_v2_service.this.name
  role     = "roles/run.invoker"
  member   = each.value
}
