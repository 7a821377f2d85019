# What is wrong is stopped by its name, before anything is planned.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project     = "tron-production"
  environment = "production"
  email       = "person@example.com"
  package     = "tests/package.zip"
  images = {
    tron      = "r/tron@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    dashboard = "r/dashboard@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    proxy     = "r/proxy@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  }
}

run "paper_without_an_account" {
  command = plan

  assert {
    condition     = alltrue([for name, one in module.function : one.service == replace(name, "_", "-")])
    error_message = "Every function is a service of its own name."
  }
}

run "the_planner_reads_no_secret_of_the_broker" {
  command = plan

  assert {
    condition     = toset([for name, one in local.functions : name if contains(one.reads, "openai-api-key")]) == toset(["plan_day"])
    error_message = "Only plan_day reads the model's key."
  }
  assert {
    condition     = length([for secret in local.functions["plan_day"].reads : secret if startswith(secret, "kite-")]) == 0
    error_message = "plan_day reads no secret of the broker."
  }
  assert {
    condition     = alltrue([for name, one in local.functions : length(one.renews) == 0 || name == "kite_login"])
    error_message = "Only kite_login stores the day's token."
  }
}

run "only_what_checks_its_callers_is_public" {
  command = plan

  assert {
    condition = alltrue([
      for name, one in local.functions : !one.public if contains(concat(keys(local.steps), keys(local.events)), name)
    ])
    error_message = "A step or an event is called by Google alone."
  }
}

run "live_without_an_address" {
  command = plan
  variables {
    trading   = "live"
    kite_user = "AB1234"
    mandate   = "mode = \"live\""
  }
  expect_failures = [var.registered_address]
}

run "live_without_an_account" {
  command = plan
  variables {
    trading            = "live"
    registered_address = "203.0.113.7"
    mandate            = "mode = \"live\""
  }
  expect_failures = [var.kite_user]
}

run "live_without_a_mandate" {
  command = plan
  variables {
    trading            = "live"
    kite_user          = "AB1234"
    registered_address = "203.0.113.7"
  }
  expect_failures = [var.mandate]
}

run "live_outside_production" {
  command = plan
  variables {
    environment        = "staging"
    trading            = "live"
    kite_user          = "AB1234"
    registered_address = "203.0.113.7"
    mandate            = "mode = \"live\""
  }
  expect_failures = [var.trading]
}

run "live_with_everything" {
  command = plan
  variables {
    trading            = "live"
    kite_user          = "AB1234"
    registered_address = "203.0.113.7"
    mandate            = "mode = \"live\""
    cluster            = true
    runner             = { stock = "gke", options = "cloud_run", futures = "cloud_run" }
    model              = { name = "a-model", input_paise_per_million = 20000, output_paise_per_million = 80000 }
    budget             = { billing_account = "000000-000000-000000", rupees = 4000 }
  }
}

run "a_schedule_after_the_open" {
  command = plan
  variables {
    schedule = { sync_schedule = "06:00", remind_login = "08:00", prepare_day = "08:30", plan_day = "09:20", square_off = "15:02", close_day = "15:55" }
  }
  expect_failures = [var.schedule]
}

run "a_square_off_after_the_broker_s" {
  command = plan
  variables {
    schedule = { sync_schedule = "06:00", remind_login = "08:00", prepare_day = "08:30", plan_day = "08:45", square_off = "15:20", close_day = "15:55" }
  }
  expect_failures = [var.schedule]
}

run "a_step_is_forgotten" {
  command = plan
  variables {
    schedule = { sync_schedule = "06:00", prepare_day = "08:30", plan_day = "08:45", square_off = "15:02", close_day = "15:55" }
  }
  expect_failures = [var.schedule]
}

run "a_trigger_in_another_region" {
  command = plan
  variables {
    trigger_region = "us-central1"
  }
  expect_failures = [var.trigger_region]
}

run "a_secret_is_missing" {
  command = plan
  variables {
    secrets = ["kite-api-key", "kite-api-secret", "openai-api-key"]
  }
  expect_failures = [var.secrets]
}

run "an_image_by_tag" {
  command = plan
  variables {
    images = { tron = "r/tron:latest", dashboard = "r/dashboard:latest", proxy = "proxy" }
  }
  expect_failures = [var.images]
}

run "no_package" {
  command = plan
  variables {
    package = "tests/nothing.zip"
  }
  expect_failures = [var.package]
}

run "a_cluster_is_missing" {
  command = plan
  variables {
    runner = { stock = "gke", options = "cloud_run", futures = "cloud_run" }
  }
  expect_failures = [var.runner]
}
