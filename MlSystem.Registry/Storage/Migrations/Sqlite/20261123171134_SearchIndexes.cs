using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Registry.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class SearchIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_runs_experiment_id_start_time_run_id",
                table: "runs");

            migrationBuilder.CreateIndex(
                name: "IX_runs_experiment_id_start_time_run_id",
                table: "runs",
                columns: new[] { "experiment_id", "start_time", "run_id" },
                descending: new[] { false, true, false });

            migrationBuilder.CreateIndex(
                name: "IX_runs_start_time_run_id",
                table: "runs",
                columns: new[] { "start_time", "run_id" },
                descending: new[] { true, false });

            migrationBuilder.CreateIndex(
                name: "ix_run_tags_key_value",
                table: "run_tags",
                columns: new[] { "key", "value", "run_id" });

            migrationBuilder.CreateIndex(
                name: "ix_run_params_key_value",
                table: "run_params",
                columns: new[] { "key", "value", "run_id" });

            migrationBuilder.CreateIndex(
                name: "IX_model_versions_last_updated_time_model_id_version",
                table: "model_versions",
                columns: new[] { "last_updated_time", "model_id", "version" },
                descending: new[] { true, false, true });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_runs_experiment_id_start_time_run_id",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "IX_runs_start_time_run_id",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_run_tags_key_value",
                table: "run_tags");

            migrationBuilder.DropIndex(
                name: "ix_run_params_key_value",
                table: "run_params");

            migrationBuilder.DropIndex(
                name: "IX_model_versions_last_updated_time_model_id_version",
                table: "model_versions");

            migrationBuilder.CreateIndex(
                name: "IX_runs_experiment_id_start_time_run_id",
                table: "runs",
                columns: new[] { "experiment_id", "start_time", "run_id" });
        }
    }
}
