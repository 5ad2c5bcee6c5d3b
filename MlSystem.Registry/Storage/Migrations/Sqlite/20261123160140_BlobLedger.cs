using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Registry.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class BlobLedger : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "blobs",
                columns: table => new
                {
                    sha256 = table.Column<string>(type: "TEXT", nullable: false),
                    size_bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    used_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_blobs", x => x.sha256);
                });

            migrationBuilder.CreateIndex(
                name: "IX_artifacts_sha256",
                table: "artifacts",
                column: "sha256");

            // Contents from before: every referenced one gets its row.
            migrationBuilder.Sql(
                "INSERT INTO blobs (sha256, size_bytes, used_at) SELECT sha256, MAX(size_bytes), 0 FROM "
                + "(SELECT sha256, size_bytes FROM artifacts WHERE sha256 IS NOT NULL UNION ALL SELECT sha256, size_bytes FROM model_version_files) AS r GROUP BY sha256");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "blobs");

            migrationBuilder.DropIndex(
                name: "IX_artifacts_sha256",
                table: "artifacts");
        }
    }
}
