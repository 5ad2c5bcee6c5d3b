using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace MlSystem.Monitor.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class PredictionBatches : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "Bytes",
                table: "staged",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<long>(
                name: "Rows",
                table: "staged",
                type: "INTEGER",
                nullable: false,
                defaultValue: 1L);

            migrationBuilder.CreateIndex(
                name: "IX_staged_Id_Rows_Bytes",
                table: "staged",
                columns: new[] { "Id", "Rows", "Bytes" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_staged_Id_Rows_Bytes",
                table: "staged");

            migrationBuilder.DropColumn(
                name: "Bytes",
                table: "staged");

            migrationBuilder.DropColumn(
                name: "Rows",
                table: "staged");
        }
    }
}
