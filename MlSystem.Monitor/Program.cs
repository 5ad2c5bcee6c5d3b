using MlSystem.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("monitor");

var app = builder.Build();
app.UseServiceDefaults();

await app.RunAsync();
