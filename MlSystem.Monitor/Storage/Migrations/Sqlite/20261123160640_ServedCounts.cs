using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Monitor.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ServedCounts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "served_counts",
                columns: table => new
                {
                    Endpoint = table.Column<string>(type: "TEXT", nullable: false),
                    Revision = table.Column<long>(type: "INTEGER", nullable: false),
                    Model = table.Column<string>(type: "TEXT", nullable: false),
                    Version = table.Column<int>(type: "INTEGER", nullable: false),
                    Variant = table.Column<string>(type: "TEXT", nullable: false),
                    Role = table.Column<string>(type: "TEXT", nullable: false),
                    Requests = table.Column<long>(type: "INTEGER", nullable: false),
                    Predictions = table.Column<long>(type: "INTEGER", nullable: false),
                    FirstTime = table.Column<long>(type: "INTEGER", nullable: false),
                    LastTime = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_served_counts", x => new { x.Endpoint, x.Revision, x.Model, x.Version, x.Variant, x.Role });
                });

            migrationBuilder.CreateIndex(
                name: "IX_served_counts_Model_Version",
                table: "served_counts",
                columns: new[] { "Model", "Version" });

            // What came before has its counts too; of which revision is not known any more: 0.
            migrationBuilder.Sql("""
                INSERT INTO served_counts("Endpoint", "Revision", "Model", "Version", "Variant", "Role", "Requests", "Predictions", "FirstTime", "LastTime")
                SELECT "Endpoint", 0, "Model", "Version", "Variant", "Role", COUNT(*), SUM("Rows"), MIN("Time"), MAX("Time") FROM requests
                GROUP BY "Endpoint", "Model", "Version", "Variant", "Role"
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "served_counts");
        }
    }
}
