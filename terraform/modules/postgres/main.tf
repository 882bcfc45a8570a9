# One role for each function, with CONNECT on its own database only. The owner runs the migrations, and these grant the
# tables and columns that the other roles need.

locals {
  roles = merge([
    for database in var.databases : {
      for role in database.roles : role => { database = database.name, owner = database.owner }
    }
  ]...)
  readers = { for role, entry in local.roles : role => entry if role != entry.owner }
}

resource "random_password" "role" {
  for_each = local.roles

  length  = 32
  special = false # part of a URL
  keepers = {
    generation = var.password_generation
  }
}

resource "postgresql_role" "function" {
  for_each = local.roles

  name     = each.key
  login    = true
  password = random_password.role[each.key].result
}

resource "postgresql_database" "context" {
  for_each = { for database in var.databases : database.name => database }

  name       = each.value.name
  owner      = postgresql_role.function[each.value.owner].name
  template   = "template0"
  encoding   = "UTF8"
  lc_collate = "C.UTF-8"
  lc_ctype   = "C.UTF-8"
}

# PostgreSQL lets every role connect to every database and make temporary tables there. Empty privileges revoke that.
resource "postgresql_grant" "revoke_public" {
  for_each = postgresql_database.context

  database    = each.value.name
  role        = "public"
  object_type = "database"
  privileges  = []
}

resource "postgresql_grant" "revoke_public_maintenance" {
  database    = var.maintenance_database
  role        = "public"
  object_type = "database"
  privileges  = []
}

resource "postgresql_grant" "connect" {
  for_each = local.readers

  database    = postgresql_database.context[each.value.database].name
  role        = postgresql_role.function[each.key].name
  object_type = "database"
  privileges  = ["CONNECT"]

  # Both change one row of PostgreSQL's catalogue.
  depends_on = [postgresql_grant.revoke_public]
}
