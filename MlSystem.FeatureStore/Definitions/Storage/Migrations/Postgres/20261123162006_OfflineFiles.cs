using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace MlSystem.FeatureStore.Definitions.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class OfflineFiles : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "offline_files",
                columns: table => new
                {
                    Id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    FeatureView = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    Date = table.Column<DateOnly>(type: "date", nullable: false),
                    Name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    Rows = table.Column<long>(type: "bigint", nullable: false),
                    Bytes = table.Column<long>(type: "bigint", nullable: false),
                    MinEventUs = table.Column<long>(type: "bigint", nullable: false),
                    MaxEventUs = table.Column<long>(type: "bigint", nullable: false),
                    MinLoggedUs = table.Column<long>(type: "bigint", nullable: false),
                    MaxLoggedUs = table.Column<long>(type: "bigint", nullable: false),
                    Compacted = table.Column<bool>(type: "boolean", nullable: false),
                    Statistics = table.Column<string>(type: "text", nullable: false),
                    AddedAtUs = table.Column<long>(type: "bigint", nullable: false),
                    RemovedAtUs = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_offline_files", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_offline_files_FeatureView_Date_Name",
                table: "offline_files",
                columns: new[] { "FeatureView", "Date", "Name" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_offline_files_RemovedAtUs",
                table: "offline_files",
                column: "RemovedAtUs");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "offline_files");
        }
    }
}
