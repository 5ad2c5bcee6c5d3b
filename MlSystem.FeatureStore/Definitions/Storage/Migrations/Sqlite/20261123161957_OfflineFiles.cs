using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.FeatureStore.Definitions.Storage.Migrations.Sqlite
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
                    Id = table.Column<long>(type: "INTEGER", nullable: false)
                        .Annotation("Sqlite:Autoincrement", true),
                    FeatureView = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    Date = table.Column<DateOnly>(type: "TEXT", nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Rows = table.Column<long>(type: "INTEGER", nullable: false),
                    Bytes = table.Column<long>(type: "INTEGER", nullable: false),
                    MinEventUs = table.Column<long>(type: "INTEGER", nullable: false),
                    MaxEventUs = table.Column<long>(type: "INTEGER", nullable: false),
                    MinLoggedUs = table.Column<long>(type: "INTEGER", nullable: false),
                    MaxLoggedUs = table.Column<long>(type: "INTEGER", nullable: false),
                    Compacted = table.Column<bool>(type: "INTEGER", nullable: false),
                    Statistics = table.Column<string>(type: "TEXT", nullable: false),
                    AddedAtUs = table.Column<long>(type: "INTEGER", nullable: false),
                    RemovedAtUs = table.Column<long>(type: "INTEGER", nullable: true)
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
